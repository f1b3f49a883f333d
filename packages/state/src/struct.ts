import type { CborReader, Codec } from "@copse/ipld";
import { StateError } from "./errors.ts";

/** How each field of a struct stands, in the order in which they do. */
export type Fields<T> = { readonly [K in keyof T]-?: Codec<Exclude<T[K], undefined>> };

/** A form of a struct: which version of the actors brought it, and which of all fields it has not. */
export interface Form<T> {
  /** The first version of the actors that writes it. */
  readonly actors: number;
  readonly lacks: readonly (keyof T)[];
}

/** A form, made ready: the codec of each of all fields, or none where it lacks the field. */
interface Ready {
  readonly count: number;
  readonly codecs: readonly (Codec<unknown> | undefined)[];
}

/**
 * A struct as the actors write it: an array of its fields.
 *
 * Shape: which form it is, is told by the count of fields alone, so forms of one struct must differ in that. A field that a
 * form lacks is `undefined`, and a value is written in the form that has just its fields.
 *
 * @param forms from the oldest; without any, there is one form, which has all fields
 * @throws {StateError} of the codec: `state/layout-unknown`
 * @example
 * const lane = struct<Lane>("payment channel lane", { redeemed: bigIntField, nonce: uintField });
 */
export function struct<T extends object>(
  what: string,
  fields: Fields<T>,
  forms: readonly Form<T>[] = [{ actors: 8, lacks: [] }],
): Codec<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  const ready = forms.map(({ lacks }): Ready => {
    const codecs = names.map((name) => (lacks.includes(name) ? undefined : (fields[name] as Codec<unknown>)));
    return { count: names.length - lacks.length, codecs };
  });
  const expected = forms.map(({ actors }, i) => `${ready[i]?.count} (actors v${actors})`).join(", ");
  const unknown = (count: number) => new StateError("state/layout-unknown", { what, fields: count, expected });
  return {
    encode(writer, value) {
      const form = ready.find(({ codecs }) =>
        codecs.every((codec, i) => has(value, names[i]) === (codec !== undefined)),
      );
      if (form === undefined) throw unknown(names.filter((name) => has(value, name)).length);
      writer.array(form.count);
      for (const [i, codec] of form.codecs.entries()) codec?.encode(writer, value[names[i] as keyof T]);
    },
    decode(reader: CborReader): T {
      const count = reader.array();
      const form = ready.find((one) => one.count === count);
      if (form === undefined) throw unknown(count);
      const { codecs } = form;
      const value: Record<string, unknown> = {};
      for (let i = 0; i < names.length; i++) value[names[i] as string] = codecs[i]?.decode(reader);
      return value as T;
    },
  };
}

function has<T extends object>(value: T, name: keyof T | undefined): boolean {
  return name !== undefined && value[name] !== undefined;
}
