/** A file that a sort puts runs aside in. It is gone when it is closed. */
export interface Spill {
  /** @returns where the bytes lie */
  append(bytes: Uint8Array): Promise<number>;
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}
