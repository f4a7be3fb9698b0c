// What a team may want to hold of all of its programs. Each rule says everything that breaks it, one sentence each, and
// nothing where the program keeps it.
import { isPublic } from '#checks/exposure.ts';
import { keyOf, serverKeyOf } from '#checks/program-view.ts';
import { isExactImage } from '#constructs/kit/problems.ts';
import { manifestKey, type Manifest } from '#constructs/kit/manifest.ts';
import { imagesOf } from '#render/images.ts';
import { secretProblems } from '#render/secrets.ts';
import type { TestedProgram } from './tested-program.ts';

export type Rule = (program: TestedProgram) => readonly string[];

/** A server that nobody may use is one that somebody forgot; a grant that only denies gives no access. */
export const everyServerHasAGrant: Rule = ({ view: { servers, grants } }) => {
  const granted = new Set(
    grants
      .filter(
        ({ resource: { spec } }) => spec.disabled !== true && (spec.allowedSideEffects ?? []).length > 0,
      )
      .map(({ resource }) => serverKeyOf(resource)),
  );
  return servers
    .filter(({ resource: { metadata } }) => !granted.has(keyOf(metadata.namespace, metadata.name)))
    .map(({ construct }) => `${construct.node.path} has no grant that allows anything`);
};

const exposing = ['LoadBalancer', 'NodePort'];

function typeOf({ spec }: Manifest): string {
  const type: unknown = typeof spec === 'object' && spec !== null && 'type' in spec ? spec.type : undefined;
  return typeof type === 'string' ? type : '';
}

/** Public is a route on a class that the environment doesn't call internal, and a Service outside the cluster. */
export const nothingIsPublic: Rule = ({ view: { servers }, objects }) => [
  ...servers
    .filter(isPublic)
    .map(
      ({ construct, resolved }) =>
        `${construct.node.path} is on class ${resolved.route.ingressClass}, which is not internal`,
    ),
  ...objects
    .filter((object) => object.kind === 'Service' && exposing.includes(typeOf(object)))
    .map((object) => `${manifestKey(object)} is a ${typeOf(object)}`),
];

/** Every image says its version or digest, those of the platform and of servers alike. */
export const imagesAreExact: Rule = ({ view }) =>
  imagesOf(view)
    .filter(({ image }) => !isExactImage(image))
    .map(({ image, uses }) => `${image} may be another one tomorrow; it is used by ${uses.join('; ')}`);

export const noSecretIsWritten: Rule = ({ synthesised }) =>
  secretProblems(synthesised).map(({ path, message }) => `${path}: ${message}`);

export const nothingIsWarnedOf: Rule = ({ warnings }) =>
  warnings.map(({ path, message, name }) => `${path}: ${message} [${name}]`);
