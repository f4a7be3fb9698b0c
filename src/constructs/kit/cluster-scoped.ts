// A chart gives its namespace to everything in it, also to kinds that live in none.
import { JsonPatch, type ApiObject } from 'cdk8s';

/** Takes the chart's namespace off an object whose kind has no namespace. */
export function clusterScoped<Kind extends ApiObject>(object: Kind): Kind {
  if (object.metadata.namespace !== undefined) object.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
  return object;
}
