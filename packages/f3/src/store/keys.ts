import { fromLatin1 } from "@copse/primitives";

/** Instances between two stored power tables, as in go-f3. */
export const tableEvery = 1440;

/** The row that says what the store holds. It is written last, with the certificates it tells of. */
export const stateKey: Uint8Array = fromLatin1("/state");
/** The row that says how far an import has come. */
export const importKey: Uint8Array = fromLatin1("/import");

/** Where the certificate of an instance is kept, within a generation. */
export function certificateKey(generation: number, instance: number): Uint8Array {
  return fromLatin1(certificateRow(generation, instance));
}

/** Where the power table that validates an instance is kept. */
export function powerKey(generation: number, instance: number): Uint8Array {
  return fromLatin1(powerRow(generation, instance));
}

/** {@link certificateKey} as text. */
export function certificateRow(generation: number, instance: number): string {
  return `/${generation}/certs/${hex(instance)}`;
}

/** {@link powerKey} as text. */
export function powerRow(generation: number, instance: number): string {
  return `/${generation}/power/${hex(instance)}`;
}

function hex(instance: number): string {
  return instance.toString(16).toUpperCase().padStart(16, "0");
}
