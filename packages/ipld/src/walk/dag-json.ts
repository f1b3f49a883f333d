import { base64 } from "multiformats/bases/base64";
import { type ScanForm, scanItem } from "../cbor-scan.ts";
import { toCid } from "../cid.ts";
import { CborError } from "../errors.ts";
import { maxDepth } from "../limits.ts";

/** How a block is shown. */
export interface DagJsonOptions {
  /** How strictly it is read. Default: `chain`. */
  readonly form?: ScanForm | undefined;
  /** Deepest nesting. Default: 64. */
  readonly maxDepth?: number | undefined;
}

const strictUtf8: TextDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The DAG-JSON of a CBOR item or a whole DAG-CBOR block, to be looked at: links are `{"/": "bafy…"}`, bytes
 * `{"/": {"bytes": "…"}}`, integers all their digits.
 *
 * Map keys keep the order of the block. What the chain has and JSON has not is shown by what is nearest: text that is
 * not UTF-8 as bytes, `undefined` as null, keys that are no text as theirs in JSON; other tags are left out.
 *
 * @throws {CborError}
 * @see https://ipld.io/specs/codecs/dag-json/spec/
 * @example
 * formatDagJson(Uint8Array.of(0x82, 0x01, 0x41, 0xff)) // => '[1,{"/":{"bytes":"/w"}}]'
 */
export function formatDagJson(block: Uint8Array, options: DagJsonOptions = {}): string {
  const end = scanItem(block, 0, undefined, options.form ?? "chain", options.maxDepth ?? maxDepth);
  if (end !== block.length) throw new CborError("cbor/trailing-bytes", { offset: end, extra: block.length - end });
  const parts: string[] = [];
  show({ block, at: 0 }, parts);
  return parts.join("");
}

/** Where reading is; the block was scanned, so that nothing in it is malformed. */
interface Place {
  readonly block: Uint8Array;
  at: number;
}

function show(place: Place, parts: string[]): void {
  const { block } = place;
  const head = block[place.at] as number;
  switch (head >> 5) {
    case 0:
      parts.push(readValue(place).toString());
      break;
    case 1:
      parts.push((-1n - BigInt(readValue(place))).toString());
      break;
    case 2:
      parts.push(bytesJson(readBytes(place)));
      break;
    case 3:
      parts.push(textJson(readBytes(place)));
      break;
    case 4: {
      const count = readValue(place);
      for (let i = 0; i < count; i++) {
        parts.push(i === 0 ? "[" : ",");
        show(place, parts);
      }
      parts.push(count === 0 ? "[]" : "]");
      break;
    }
    case 5:
      showMap(place, parts);
      break;
    case 6:
      if (readValue(place) === 42) parts.push(`{"/":"${toCid(readBytes(place).subarray(1)).toString()}"}`);
      else show(place, parts);
      break;
    default:
      parts.push(simpleJson(place));
  }
}

function showMap(place: Place, parts: string[]): void {
  const count = readValue(place);
  for (let i = 0; i < count; i++) {
    const key: string[] = [];
    show(place, key);
    const shown = key.join("");
    parts.push(i === 0 ? "{" : ",", shown.startsWith('"') ? shown : JSON.stringify(shown), ":");
    show(place, parts);
  }
  parts.push(count === 0 ? "{}" : "}");
}

function simpleJson(place: Place): string {
  const { block, at } = place;
  const head = block[at] as number;
  const view = new DataView(block.buffer, block.byteOffset);
  readValue(place);
  switch (head) {
    case 0xf4:
      return "false";
    case 0xf5:
      return "true";
    case 0xf6:
    case 0xf7:
      return "null";
    case 0xf9:
      return floatJson(halfFloat(view.getUint16(at + 1)));
    case 0xfa:
      return floatJson(view.getFloat32(at + 1));
    case 0xfb:
      return floatJson(view.getFloat64(at + 1));
    default:
      return JSON.stringify(`simple(${head === 0xf8 ? block[at + 1] : head & 31})`);
  }
}

/** Sign, five bits of exponent, ten of fraction; `DataView.getFloat16` is too new. */
function halfFloat(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits >> 15 === 1 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** A float has a point or an exponent, so that it stays one. */
function floatJson(value: number): string {
  if (!Number.isFinite(value)) return JSON.stringify(String(value));
  const text = Object.is(value, -0) ? "-0" : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

const bytesJson = (bytes: Uint8Array): string => `{"/":{"bytes":"${base64.baseEncode(bytes)}"}}`;

function textJson(bytes: Uint8Array): string {
  try {
    return JSON.stringify(strictUtf8.decode(bytes));
  } catch {
    return bytesJson(bytes);
  }
}

function readBytes(place: Place): Uint8Array {
  const length = Number(readValue(place));
  const from = place.at;
  place.at += length;
  return place.block.subarray(from, place.at);
}

/** The value of a head, a number where one holds it; leaves the place behind it. Lengths and counts always fit. */
function readValue(place: Place): number | bigint {
  const { block, at } = place;
  const low = (block[at] as number) & 31;
  place.at = at + 1 + (low < 24 ? 0 : 1 << (low - 24));
  if (low < 24) return low;
  let value = 0;
  for (let i = at + 1; i < place.at; i++) value = value * 256 + (block[i] as number);
  return value <= Number.MAX_SAFE_INTEGER ? value : new DataView(block.buffer, block.byteOffset).getBigUint64(at + 1);
}
