// Every limit of the package; README.md shows them as one table.

/** Most tipsets of a chain that is valid. @see go-f3:gpbft/chain.go ChainMaxLen */
export const maxChainLength = 128;
/** Most items of a list that is decoded: tipsets, members, changes. @see go-f3:gpbft/cbor_gen.go */
export const maxListLength = 8192;
/** Most bytes of a tipset's key: twenty blocks. @see go-f3:gpbft/chain.go TipsetKeyMaxLen */
export const maxTipsetKeyLength = 760;
/** Most bytes of the signers' RLE+. @see go-bitfield:bitfield.go MaxEncodedSize */
export const maxSignersLength: number = 32 << 10;
/** Most bytes of a signature that is decoded; the curve takes 96 only. @see go-f3:certs/cbor_gen.go */
export const maxSignatureLength: number = 2 << 20;
/** Bytes of a public key; shorter ones are decoded too, and refused where they are used. */
export const publicKeyLength = 48;
/** Most bytes of a power, sign included. @see go-state-types:big/int.go */
export const maxPowerLength = 128;
/** The largest power that fits them. */
export const maxPower: bigint = 2n ** BigInt(8 * (maxPowerLength - 1)) - 1n;
/** Bytes of the commitments of a tipset, or of an instance. */
export const commitmentsLength = 32;
/** Power of a whole table after scaling, at most. @see go-f3:gpbft/powertable.go scalePower */
export const maxScaledPower = 0xffff;
