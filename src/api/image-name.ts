// The parts of an image's name: `registry.example.org:5000/team/notes:1.2.0@sha256:…`.

/** An image names its version by a digest, or by a colon after the last slash (before it, a colon is a port). */
export function namesVersion(image: string): boolean {
  return image.includes('@') || image.slice(image.lastIndexOf('/') + 1).includes(':');
}

/** Its registry; undefined where it names none: a first part is one if it isn't a folder of the default registry. */
export function registryOf(image: string): string | undefined {
  const slash = image.indexOf('/');
  const first = slash === -1 ? '' : image.slice(0, slash);
  return first.includes('.') || first.includes(':') || first === 'localhost' ? first : undefined;
}

/** Path, tag and digest. */
export function withoutRegistry(image: string): string {
  const registry = registryOf(image);
  return registry === undefined ? image : image.slice(registry.length + 1);
}

/** As it is asked for: with `latest` where it names no version, and without a tag where its digest decides. */
export function exactName(image: string): string {
  const [name = '', digest] = image.split('@');
  if (digest === undefined) return namesVersion(image) ? image : `${image}:latest`;
  const colon = name.lastIndexOf(':');
  return `${colon > name.lastIndexOf('/') ? name.slice(0, colon) : name}@${digest}`;
}
