import { type AbortOptions, assertNotAborted, HostFault } from "@copse/primitives";

/**
 * Bytes that are read where they lie: a file, a Blob, HTTP ranges, memory. What every reader in place here works on.
 *
 * Both reads give exactly the bytes asked for; whoever asks stays within `size`.
 */
export interface RandomAccess {
  /** Unit: bytes. It does not change while the source is open. */
  readonly size: number;
  /** @throws {HostFault} `host/store-failed`, `host/aborted` */
  read(offset: number, length: number, options?: AbortOptions): Promise<Uint8Array>;
  /** The same at once, where the source can; it gives the store over it a synchronous face. */
  readSync?(offset: number, length: number): Uint8Array;
  close?(): Promise<void>;
}

/** Bytes an algorithm asks for. What lies past the end of the source is left out of the answer. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** An algorithm that names the bytes it needs and is handed them, at once or later; it never sees a source. */
export type Reading<T> = Generator<ByteRange, T, Uint8Array>;

/** Runs an algorithm over a source that answers later. @throws {HostFault} `host/store-failed`, `host/aborted` */
export async function readLater<T>(
  steps: Reading<T>,
  access: RandomAccess,
  options: AbortOptions | undefined,
): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    assertNotAborted(options?.signal);
    const { offset, length } = step.value;
    step = steps.next(await readRange(access, offset, length, options));
  }
  return step.value;
}

/** Runs an algorithm over a source that answers at once. @throws {HostFault} `host/store-failed` */
export function readAtOnce<T>(steps: Reading<T>, access: SyncAccess): T {
  let step = steps.next();
  while (step.done !== true) {
    const { offset, length } = step.value;
    const within = Math.max(0, Math.min(length, access.size - offset));
    const bytes = within === 0 ? nothing : access.readSync(offset, within);
    step = steps.next(bytes.length === within ? bytes : short(offset, within, bytes.length));
  }
  return step.value;
}

/** A source that answers at once. */
export type SyncAccess = RandomAccess & Required<Pick<RandomAccess, "readSync">>;

/** Tells whether a source answers at once. */
export function isSync(access: RandomAccess): access is SyncAccess {
  return access.readSync !== undefined;
}

/** As `read`, cut to the size of the source; a source that gives too little has failed. */
export async function readRange(
  access: RandomAccess,
  offset: number,
  length: number,
  options?: AbortOptions,
): Promise<Uint8Array> {
  const within = Math.max(0, Math.min(length, access.size - offset));
  if (within === 0) return nothing;
  const bytes = await access.read(offset, within, options);
  return bytes.length === within ? bytes : short(offset, within, bytes.length);
}

/** The bytes from `start` to `end` in order, in chunks that nothing else holds. */
export async function* chunksOf(
  access: RandomAccess,
  start: number,
  end: number,
  options: AbortOptions & { readonly chunkBytes?: number } = {},
): AsyncGenerator<Uint8Array> {
  const size = options.chunkBytes ?? defaultChunkBytes;
  for (let at = start; at < end; at += size) {
    assertNotAborted(options.signal);
    yield await readRange(access, at, Math.min(size, end - at), options);
  }
}

/** As {@link chunksOf}, at once. */
export function* chunksAtOnce(access: SyncAccess, start: number, end: number): Generator<Uint8Array> {
  for (let at = start; at < end; at += defaultChunkBytes) {
    const length = Math.min(defaultChunkBytes, end - at);
    const bytes = access.readSync(at, length);
    yield bytes.length === length ? bytes : short(at, length, bytes.length);
  }
}

/** What a source is read by from end to end. Unit: bytes. */
export const defaultChunkBytes: number = 1 << 20;

const nothing = new Uint8Array(0);

function short(offset: number, wanted: number, got: number): never {
  const reason = `${got} of ${wanted} B at byte ${offset}: the source has become shorter`;
  throw new HostFault("host/store-failed", { operation: "read", reason });
}

/**
 * Reads a file that is in memory. What is read are views of it.
 *
 * @example
 * const store = await createCarStore(bytesAccess(file));
 */
export function bytesAccess(bytes: Uint8Array): SyncAccess {
  const readSync = (offset: number, length: number): Uint8Array => bytes.subarray(offset, offset + length);
  return { size: bytes.length, readSync, read: async (offset, length) => readSync(offset, length) };
}

/** What is read of a `Blob` or a `File`. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
}

/**
 * Reads a `Blob`, such as a file that the user has picked in a browser.
 *
 * @example
 * const store = await createCarStore(blobAccess(input.files[0]));
 */
export function blobAccess(blob: BlobLike): RandomAccess {
  return {
    size: blob.size,
    async read(offset, length) {
      try {
        return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new HostFault("host/store-failed", { operation: "read a Blob", reason }, { cause: error });
      }
    },
  };
}
