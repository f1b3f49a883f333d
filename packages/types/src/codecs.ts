// The subpath `@copse/types/codecs`: each type as a `Codec` of `@copse/ipld`, to build larger structures of.
export { blockMsgCodec, msgMetaCodec } from "./block-messages.ts";
export { addressCodec, attoFilCodec } from "./fields.ts";
export { blockHeaderCodec, ticketCodec } from "./header.ts";
export { messageCodec, signedMessageCodec } from "./message.ts";
export { receiptCodec } from "./receipt.ts";
export { parseSignature, signatureBytes, signatureCodec } from "./signature.ts";
