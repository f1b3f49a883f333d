export { type ImportOptions, importBundles, keepBundle } from "./bundle/keep.node.ts";
export { assertPinned, listActorFiles, loadActors, openBundles, type StoredBundle } from "./bundle/library.node.ts";
