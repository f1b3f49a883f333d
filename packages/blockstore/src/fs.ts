export type { FsOptions } from "./fs/open-folder.ts";
export { type FsBlockstore, openFsBlockstore } from "./fs/store.ts";
