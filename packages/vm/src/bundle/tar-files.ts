import { isCopseError } from "@copse/primitives";
import { createTarDecoder } from "modern-tar";
import { VmError } from "../errors.ts";

/** A file in a tar archive. */
export interface TarFile {
  /** With the folders it lies in. */
  readonly name: string;
  /** As its header says. Unit: bytes. */
  readonly size: number;
  /** To be read once, before the next file is asked for; a file that is not read is passed over. */
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * The plain files of a tar archive, in its order. Folders, links and devices are passed over, and so are the files that
 * macOS puts beside others (`._name`). Memory: a chunk and about 1 MiB.
 *
 * @throws {VmError} `vm/bundle-archive-malformed`, also for an archive that ends early; what the source throws
 */
export async function* tarFiles(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const entries = streamOf(source)
    .pipeThrough(createTarDecoder({ strict: true }))
    [Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await ofArchive(entries.next());
      if (step.done === true) return;
      const { header, body } = step.value;
      const { name, size, type = "file" } = header;
      const chunks = restOf(body.getReader());
      if (type === "file" && !isAppleDouble(name))
        yield { name, size, chunks: { [Symbol.asyncIterator]: () => chunks } };
      // What was not read is read now. Not `cancel`: that of a body whose bytes are all out ends the body of the next file
      // (modern-tar 0.8.6), of which the rest then never comes.
      while ((await chunks.next()).done !== true);
    }
  } finally {
    await entries.return?.(undefined)?.catch(() => {});
  }
}

/** An iterator without `return`: a loop that is left early does not end it. */
function restOf(body: ReadableStreamDefaultReader<Uint8Array>): AsyncIterator<Uint8Array> {
  return {
    async next() {
      const { done, value } = await ofArchive(body.read());
      return done ? { done, value: undefined } : { done, value };
    },
  };
}

/** Tells whether bytes are the first of a tar archive: `ustar` at byte 257. */
export function isTar(head: Uint8Array): boolean {
  return String.fromCharCode(...head.subarray(257, 262)) === "ustar";
}

/** Bytes that {@link isTar} looks at. */
export const tarHeadBytes = 262;

function isAppleDouble(name: string): boolean {
  return name.slice(name.lastIndexOf("/") + 1).startsWith("._");
}

/** The decoder's own errors have no codes. */
async function ofArchive<T>(step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (error) {
    if (isCopseError(error)) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new VmError("vm/bundle-archive-malformed", { why }, { cause: error });
  }
}

/** `ReadableStream.from`, which not every browser has. */
function streamOf(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const step = await chunks.next();
        if (step.done === true) controller.close();
        else controller.enqueue(step.value);
      },
      async cancel() {
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
