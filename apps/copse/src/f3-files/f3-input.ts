import { openFileAccess, plainBytes } from "@copse/car/node";
import { installFastest } from "@copse/crypto/fastest";
import { assertNotAborted } from "@copse/primitives";
import type { CID } from "multiformats/cid";
import type { CommandContext } from "../commands/command.ts";
import { BytePuller } from "./byte-puller.ts";
import { findF3Data } from "./snapshot-car.ts";

/** F3 data that a command reads from front to back. */
export interface F3Input extends AsyncDisposable {
  readonly name: string;
  /** What it stands in. */
  readonly container: "F3 data" | "snapshot CAR";
  readonly compression: "none" | "zstd";
  /** Bytes of the file; `undefined` for standard input. */
  readonly fileBytes: number | undefined;
  readonly source: AsyncIterable<Uint8Array>;
  /** What its container says of it. */
  readonly cid: CID | undefined;
}

const readBytes = 1 << 20;

/**
 * Opens F3 data: bare or in a snapshot CAR, plain or zstd, told by its bytes; `-` is standard input.
 *
 * @throws {NodeError} `copse/absent`, `copse/snapshot-malformed`
 * @throws {HostFault} `host/store-failed`
 */
export async function openF3Input(context: CommandContext, name: string): Promise<F3Input> {
  await installFastest();
  const file = name === "-" ? undefined : await openFileAccess(name);
  const close = async (): Promise<void> => file?.close();
  try {
    const raw = new BytePuller(file === undefined ? context.input : piecesOf(file, context.signal));
    const compression = isZstd(await raw.peek(4)) ? "zstd" : "none";
    const plain = new BytePuller(plainBytes(raw.stream()));
    const shown = name === "-" ? "standard input" : name;
    const { container, source, cid } = await contentOf(plain, shown);
    return {
      name: shown,
      container,
      compression,
      fileBytes: file?.size,
      source,
      cid,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function contentOf(plain: BytePuller, name: string): Promise<Pick<F3Input, "container" | "source" | "cid">> {
  // Both begin with a length; then a CAR has a map, F3 data an array.
  if ((await firstByte(plain)) >> 5 !== 5) return { container: "F3 data", source: plain.stream(), cid: undefined };
  const { cid, source } = await findF3Data(plain, name);
  return { container: "snapshot CAR", source, cid };
}

/** The byte behind the first length; 0 where there is none. */
async function firstByte(plain: BytePuller): Promise<number> {
  const start = await plain.peek(11);
  const last = start.findIndex((byte) => byte < 0x80);
  return start[last + 1] ?? 0;
}

async function* piecesOf(
  file: { readonly size: number; read(offset: number, length: number): Promise<Uint8Array> },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.size; at += readBytes) {
    assertNotAborted(signal);
    yield await file.read(at, Math.min(readBytes, file.size - at));
  }
}

/** A frame of zstd, or one that decoders pass over. */
function isZstd(start: Uint8Array): boolean {
  if (start.length < 4) return false;
  const magic = new DataView(start.buffer, start.byteOffset).getUint32(0, true);
  return magic === 0xfd2f_b528 || (magic & 0xffff_fff0) >>> 0 === 0x184d_2a50;
}
