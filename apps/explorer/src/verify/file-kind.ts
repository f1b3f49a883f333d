import { readUvarint, toHex, utf8 } from "@copse/primitives";
import { ExplorerError } from "../errors.ts";
import type { FileKind } from "./report.ts";

/** Bytes that tell what a file is. */
export const kindBytes = 512;

/**
 * What a file is, by its first bytes. Only which check it gets hangs on this.
 *
 * @throws {ExplorerError} `explorer/file-unknown`
 */
export function fileKind(start: Uint8Array): FileKind | "manifest" {
  if (/^\s*\{/.test(new TextDecoder().decode(start.subarray(0, 64)))) return "manifest";
  if (startsWith(start, 0, zstdMagic)) return "header-chain";
  const body = afterLength(start);
  if (body !== undefined && isCarHeader(start, body)) {
    return indexOf(start, proofName) < 0 ? "header-chain" : "state-proof";
  }
  // An F3 snapshot: the length of its header, then an array of four.
  if (body !== undefined && start[body] === 0x84) return "f3-snapshot";
  const shown = start.length === 0 ? "nothing" : `the bytes ${toHex(start.subarray(0, 8))}`;
  throw new ExplorerError("explorer/file-unknown", { start: shown });
}

const zstdMagic = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);
const proofName = utf8("copse-state-proof");
const mapKeys = ["roots", "version"].map(utf8);

function afterLength(start: Uint8Array): number | undefined {
  try {
    return readUvarint(start, 0).end;
  } catch {
    return undefined;
  }
}

/** A CBOR map that begins with one of the keys of a CAR header. */
function isCarHeader(start: Uint8Array, at: number): boolean {
  if (start[at] !== 0xa1 && start[at] !== 0xa2) return false;
  return mapKeys.some((key) => start[at + 1] === 0x60 + key.length && startsWith(start, at + 2, key));
}

function startsWith(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  return wanted.every((byte, i) => bytes[at + i] === byte);
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = 0; at + wanted.length <= bytes.length; at++) if (startsWith(bytes, at, wanted)) return at;
  return -1;
}
