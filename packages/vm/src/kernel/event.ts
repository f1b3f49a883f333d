import { CborReader } from "@copse/ipld";
import { isCopseError } from "@copse/primitives";
import { blockCodecs } from "../cids.ts";
import type { EventEntry } from "../events.ts";
import { onActorEvent, onActorEventAccept, onActorEventValidate } from "../gas/prices.ts";
import { needStackRoom } from "../host-limits.ts";
import { SyscallError } from "../syscall-error.ts";
import type { Kernel } from "./kernel.ts";

const maxValues = 8192;
/** FVM 3. */
const old = { entries: 256, key: 32, bytes: 2 ** 20 };
/** FVM 4. */
const latest = { entries: 255, key: 31 };
const knownFlags = 0b11n;
const rawCodec = BigInt(blockCodecs.raw);
const cborCodec = BigInt(blockCodecs.cbor);

/** An entry as FVM 4 gets it: without its bytes, which stand in two buffers. */
export interface EventHeader {
  readonly flags: bigint;
  readonly codec: bigint;
  readonly keyLength: number;
  readonly valueLength: number;
}

const utf8: TextDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Emits an event. FVM 3. */
export function emitEncodedEvent(kernel: Kernel, encoded: Uint8Array): void {
  kernel.assertWritable("an event is emitted");
  const { core, gas } = kernel;
  gas.charge("OnActorEventValidate", onActorEventValidate(core.prices, encoded.length));
  if (encoded.length > old.bytes) throw illegal("the event is far too large");
  const entries = decodeEvent(encoded);
  if (entries.length > old.entries) throw illegal(`${entries.length} entries`);
  let values = 0;
  for (const { keyLength, codec, value } of entries) {
    if (keyLength > old.key) throw illegal(`a key of ${keyLength} B`);
    if (codec !== rawCodec) throw new SyscallError("IllegalCodec", `codec ${codec}`);
    values += value.length;
  }
  if (values > maxValues) throw illegal(`values of ${values} B`);
  gas.charge("OnActorEventAccept", onActorEventAccept(core.prices, encoded.length));
  const stamped = entries.map(({ flags, key, codec, value }) => ({ flags, key, codec, value }));
  kernel.calls.events.append({ emitter: kernel.self, entries: stamped });
}

function decodeEvent(encoded: Uint8Array): (EventEntry & { readonly keyLength: number })[] {
  try {
    const reader = new CborReader(encoded);
    const anyLength = Number.POSITIVE_INFINITY;
    const count = reader.array(undefined, anyLength);
    const entries = [];
    for (let i = 0; i < count; i++) {
      reader.array(4);
      const flags = reader.uint();
      const key = reader.textBytes(anyLength);
      const codec = reader.uint();
      entries.push({ flags, key: textOf(key), keyLength: key.length, codec, value: reader.bytes().slice() });
    }
    reader.end();
    return entries;
  } catch (error) {
    if (isCopseError(error, "cbor/")) throw illegal(error.message);
    throw error;
  }
}

/** Emits an event of `count` entries, whose headers are read one by one. FVM 4. */
export function emitEvent(
  kernel: Kernel,
  count: number,
  headerAt: (index: number) => EventHeader,
  keys: Uint8Array,
  values: Uint8Array,
): void {
  kernel.assertWritable("an event is emitted");
  kernel.gas.charge("OnActorEvent", onActorEvent(kernel.core.prices, count, keys.length, values.length));
  if (count > latest.entries) throw new SyscallError("LimitExceeded", `${count} entries`);
  if (values.length > maxValues) throw new SyscallError("LimitExceeded", `values of ${values.length} B`);
  textOf(keys); // all at once: what is cut out of it below is text when no character is cut
  let keyAt = 0;
  let valueAt = 0;
  const entries = Array.from({ length: count }, (_, index): EventEntry => {
    const { flags, codec, keyLength, valueLength } = headerAt(index);
    if ((flags & ~knownFlags) !== 0n) throw illegal(`flags ${flags}`);
    if (keyLength > latest.key) throw new SyscallError("LimitExceeded", `a key of ${keyLength} B`);
    if (valueLength > maxValues) throw illegal(`a value of ${valueLength} B`);
    const keyEnd = keyAt + keyLength;
    const isCut = keyEnd < keys.length && ((keys[keyEnd] as number) & 0xc0) === 0x80;
    if (keyEnd > keys.length || isCut) throw illegal("a key is out of range");
    const valueEnd = valueAt + valueLength;
    if (valueEnd > values.length) throw illegal("a value is out of range");
    if (codec !== rawCodec && codec !== cborCodec) {
      throw new SyscallError("IllegalCodec", `codec ${codec}`);
    }
    const key = textOf(keys.subarray(keyAt, keyEnd));
    const value = values.slice(valueAt, valueEnd);
    keyAt = keyEnd;
    valueAt = valueEnd;
    return { flags, key, codec, value };
  });
  if (keyAt !== keys.length || valueAt !== values.length) throw illegal("keys or values are left over");
  kernel.calls.events.append({ emitter: kernel.self, entries });
}

/** @throws {SyscallError} `IllegalArgument` of what is no UTF-8 */
function textOf(bytes: Uint8Array): string {
  needStackRoom();
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw illegal("a key is no UTF-8");
    throw error;
  }
}

const illegal = (reason: string): SyscallError => new SyscallError("IllegalArgument", reason);
