export { type BlobLike, blobAccess, bytesAccess, type RandomAccess, type SyncAccess } from "./access.ts";
export {
  type CarKind,
  type CarStore,
  type CarStoreFacts,
  type CarStoreIndex,
  type CarStoreOptions,
  createCarStore,
  type SyncCarStore,
} from "./car-store.ts";
export { httpAccess, type RangeFetch, type RangeResponse } from "./http-access.ts";
