/** A file that is written once, from start to end, and read anywhere: one sorted run of digests. */
export interface RunFile {
  /** Appends bytes. @throws {HostFault} `host/store-failed`, where the disk is full too */
  append(bytes: Uint8Array): void;
  /** Fills `into` from `offset`. @throws {HostFault} `host/store-failed` */
  read(offset: number, into: Uint8Array): void;
  /** Gives the file back to the host, which keeps nothing of it. */
  close(): void;
}

/** Where runs are kept: `tempRunFiles` of `@copse/ipld/seen-file` on Node.js; a test's arrays; OPFS in a worker. */
export interface RunFiles {
  /** A new, empty file. @throws {HostFault} `host/store-failed` */
  create(): RunFile;
}
