import { amtRoot } from "@copse/amt";
import type { CidBytes, Codec } from "@copse/ipld";
import { FatalError } from "./syscall-error.ts";

/** One key and value of an event. */
export interface EventEntry {
  /** Bit 0: the key is to be indexed; bit 1: the value. */
  readonly flags: bigint;
  /** Valid UTF-8. */
  readonly key: string;
  readonly codec: bigint;
  readonly value: Uint8Array;
}

/** An event with the ID of the actor that emitted it. @see ref-fvm:shared/src/event/mod.rs */
export interface StampedEvent {
  readonly emitter: bigint;
  readonly entries: readonly EventEntry[];
}

/** Shape: `[emitter, [[flags, key, codec, value]…]]`. */
export const stampedEventCodec: Codec<StampedEvent> = {
  encode: (writer, { emitter, entries }) => {
    writer.array(2).uint(emitter).array(entries.length);
    for (const { flags, key, codec, value } of entries) {
      writer.array(4).uint(flags).text(key).uint(codec).bytes(value);
    }
  },
  decode: (reader) => {
    reader.array(2);
    const emitter = reader.uint();
    const entries = Array.from({ length: reader.array() }, () => {
      reader.array(4);
      return { flags: reader.uint(), key: reader.text(), codec: reader.uint(), value: reader.bytes().slice() };
    });
    return { emitter, entries };
  },
};

/**
 * The root of the events of a message: an AMT of bit width 5 in the order they were emitted. Its blocks are not kept.
 *
 * @returns `undefined` without events
 * @example
 * const entry = { flags: 3n, key: "foo", codec: 0x55n, value: utf8("abc") };
 * toCid(eventsRoot([{ emitter: 1000n, entries: [entry] }])).toString()
 * // => "bafy2bzacecba2ceeuctmfuajrypcltwfectu6jwg2lgim7k5su7z4wjjqwpp6"
 */
export function eventsRoot(events: readonly StampedEvent[]): CidBytes | undefined {
  return events.length === 0 ? undefined : amtRoot(events, stampedEventCodec, { version: 3, bitWidth: 5 }).root;
}

/** The events of a message: those of calls that are reverted are dropped. @see ref-fvm:fvm/src/call_manager/default.rs */
export class EventsAccumulator {
  readonly #events: StampedEvent[] = [];
  readonly #open: number[] = [];

  append(event: StampedEvent): void {
    this.#events.push(event);
  }

  /** Opens a transaction. */
  beginTransaction(): void {
    this.#open.push(this.#events.length);
  }

  /** Ends the innermost transaction. @throws {FatalError} when none is open */
  endTransaction(revert: boolean): void {
    const length = this.#open.pop();
    if (length === undefined) throw new FatalError("no index in the event accumulator when ending a transaction");
    if (revert) this.#events.length = length;
  }

  /** All events and their root. @throws {FatalError} when a transaction is open */
  finish(): { readonly events: readonly StampedEvent[]; readonly root: CidBytes | undefined } {
    if (this.#open.length > 0) throw new FatalError(`bad events accumulator state: ${this.#open.length} open`);
    return { events: this.#events, root: eventsRoot(this.#events) };
  }
}
