export { actorsVersionOf } from "./bundle/actors-version.ts";
export {
  type ActorBundle,
  type ActorManifest,
  type BundleLimits,
  defaultBundleLimits,
  type ManifestEntry,
  networkOfName,
} from "./bundle/bundle.ts";
export { type BundlePin, bundlePins, pinOf, pinOfRoot } from "./bundle/pins.ts";
export { type BundleOptions, type NamedBundle, readBundle, readBundles } from "./bundle/read-bundle.ts";
