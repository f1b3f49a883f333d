/** A member of a power table who signs; `index` counts the table's entries. */
export interface CertificateSigner {
  readonly index: number;
  /** 32 B, little-endian, as Filecoin keeps BLS keys. */
  readonly privateKey: Uint8Array;
}
