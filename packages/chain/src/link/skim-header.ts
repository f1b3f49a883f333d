import type { HeaderSkim } from "./header-skim.ts";
import { skimAny } from "./skim-any.ts";
import { skimCommon } from "./skim-common.ts";

/**
 * Reads a header in one strict pass, without building its objects.
 *
 * Accepts and refuses exactly what `decodeBlockHeader` does: the common form is read by hand here, anything else by the
 * decoder itself. Cost: below a microsecond for the common form, no copies.
 *
 * @throws whatever `decodeBlockHeader` throws for these bytes
 * @see lotus chain/types/cbor_gen.go `BlockHeader.UnmarshalCBOR`
 * @example
 * skimHeader(encodeBlockHeader(header)).height // => header.height
 */
export function skimHeader(bytes: Uint8Array): HeaderSkim {
  return skimCommon(bytes) ?? skimAny(bytes);
}
