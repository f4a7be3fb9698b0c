// Which releases the suites run on. One file, because the oldest and the newest minor here are what the platform claims.

/** Releases that stand for the Kubernetes minors we claim, oldest first. */
export const KUBERNETES_RELEASES = {
  '1.33': '1.33.13',
  '1.34': '1.34.4',
  '1.35': '1.35.4',
  '1.36': '1.36.3',
} as const;

export type Minor = keyof typeof KUBERNETES_RELEASES;

export const MINORS: readonly Minor[] = ['1.33', '1.34', '1.35', '1.36'];
export const OLDEST_MINOR: Minor = '1.33';
export const NEWEST_MINOR: Minor = '1.36';

export function isMinor(text: string): text is Minor {
  return Object.hasOwn(KUBERNETES_RELEASES, text);
}

export const ETCD_RELEASE = '3.7.3';
export const KWOK_RELEASE = '0.8.0';
export const COREDNS_RELEASE = '1.13.1';
export const CONTOUR_RELEASE = '1.33.8';
export const HELM_RELEASE = '3.22.0';
export const KUBECONFORM_RELEASE = '0.8.0';

/** Others' kinds that manifests of the platform are of. */
export const GATEWAY_API_RELEASE = '1.4.1';
export const CERT_MANAGER_RELEASE = '1.21.2';
export const PROMETHEUS_OPERATOR_RELEASE = '0.85.0';
export const TRAEFIK_RELEASE = '3.7.13';

/** Oldest Go that builds them; for newer sources it fetches a newer toolchain by itself. */
export const OLDEST_GO = { major: 1, minor: 25 } as const;
