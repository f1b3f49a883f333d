export { assertPinned, listActors, loadActors, openBundles, type StoredBundle } from "./bundle/library.node.ts";
