export { type CertificateCheck, checkHere } from "./certificate-check.ts";
export {
  type CertificateStore,
  type CertificateStoreRoot,
  openCertificateStore,
  reopenCertificateStore,
} from "./certificate-store.ts";
export { F3StoreError, type F3StoreFacts } from "./errors.ts";
export type { KeyValueChange, KeyValueStore } from "./key-value-store.ts";
export { rowsAsStore } from "./rows-as-store.ts";
export type { PutResult } from "./store-core.ts";
