import { type CidBytes, fromCid } from "@copse/ipld";
import { fromLatin1 } from "@copse/primitives";
import { CID } from "multiformats/cid";
import { VmError } from "../errors.ts";

/** A value of JSON in which no integer has lost a digit: those beyond 2^53 are bigints. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [name: string]: Json };

/**
 * Parses JSON without rounding integers, which `JSON.parse` does beyond 2^53: the circulating supply is such a one.
 *
 * @throws {VmError} `vm/vector-malformed`
 */
export function parseJson(text: string): Json {
  try {
    return (JSON.parse as LosslessParse)(text, (_, value, context) =>
      typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
        ? BigInt(context?.source as string)
        : value,
    );
  } catch (error) {
    throw malformed("the file", `not JSON: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/** The reviver's third argument, which TypeScript's library does not know yet; Node.js 22 and all browsers have it. */
type LosslessParse = (
  text: string,
  reviver: (name: string, value: unknown, context?: { readonly source?: string }) => unknown,
) => Json;

/** A place in a document: a value, and what it is called in errors. Readers refuse what is not of their kind. */
export class Field {
  readonly name: string;
  readonly value: Json | undefined;

  constructor(name: string, value: Json | undefined) {
    this.name = name;
    this.value = value;
  }

  /** Whether it is there and not null. */
  get isGiven(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  /** A member of an object; absent ones read as `undefined`. */
  at(member: string): Field {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.malformed("an object");
    const inner = Object.hasOwn(value, member) ? (value as { readonly [name: string]: Json })[member] : undefined;
    return new Field(this.name === "" ? member : `${this.name}.${member}`, inner);
  }

  /** The items of an array, at most so many. */
  items(limit: number): Field[] {
    if (!Array.isArray(this.value)) throw this.malformed("a list");
    const list = this.value as readonly Json[];
    if (list.length > limit) throw new VmError("vm/vector-too-long", { field: `${this.name} (items)`, limit });
    return list.map((item, at) => new Field(`${this.name}[${at}]`, item));
  }

  /** What `read` makes of it, or the fallback where it is absent or null. */
  or<T>(fallback: T, read: (field: Field) => T): T {
    return this.isGiven ? read(this) : fallback;
  }

  text(): string {
    if (typeof this.value !== "string") throw this.malformed("text");
    return this.value;
  }

  /** A whole number up to 2^53 − 1. */
  count(): number {
    const { value } = this;
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw this.malformed("a whole number");
    return value as number;
  }

  /** A whole number that may be negative. */
  integer(): number {
    if (!Number.isSafeInteger(this.value)) throw this.malformed("a whole number");
    return this.value as number;
  }

  /** An integer of any size, as a number or in decimal text. */
  bigint(): bigint {
    const { value } = this;
    if (typeof value === "bigint") return value;
    if (Number.isSafeInteger(value)) return BigInt(value as number);
    if (typeof value === "string" && /^-?\d{1,128}$/.test(value)) return BigInt(value);
    throw this.malformed("an integer");
  }

  /** Bytes in base64, padded or not. */
  bytes(limit: number): Uint8Array {
    const text = this.text();
    if (text.length > Math.ceil(limit / 3) * 4) throw new VmError("vm/vector-too-long", { field: this.name, limit });
    try {
      return fromLatin1(atob(text)); // a tenth of the time that base64 of multiformats takes
    } catch (error) {
      throw malformed(this.name, "not base64", error);
    }
  }

  /** A CID as DAG-JSON has it: `{"/": "bafy…"}`. */
  cid(): CidBytes {
    const text = this.at("/").text();
    try {
      return fromCid(CID.parse(text));
    } catch (error) {
      throw malformed(this.name, `"${text.slice(0, 100)}" is no CID`, error);
    }
  }

  malformed(expected: string): VmError<"vm/vector-malformed"> {
    return malformed(this.name, this.value === undefined ? `absent, not ${expected}` : `not ${expected}`);
  }
}

function malformed(field: string, why: string, cause?: unknown): VmError<"vm/vector-malformed"> {
  return new VmError("vm/vector-malformed", { field, why }, cause === undefined ? {} : { cause });
}
