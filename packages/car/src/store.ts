export { type BlobLike, blobAccess, bytesAccess, type RandomAccess, type SyncAccess } from "./access.ts";
export {
  type CarStore,
  type CarStoreFacts,
  type CarStoreIndex,
  type CarStoreOptions,
  createCarStore,
  type SyncCarStore,
} from "./car-store.ts";
export { httpAccess, type RangeFetch, type RangeResponse } from "./http-access.ts";
export { CarIndexBuilder, type CarIndexOptions, indexCar } from "./index-builder.ts";
export type { CarKind } from "./kind.ts";
export type { SortOptions } from "./record-sorter.ts";
export { type CarIndexKind, carIndexCodecs } from "./sorted-index.ts";
export type { Spill } from "./spill.ts";
