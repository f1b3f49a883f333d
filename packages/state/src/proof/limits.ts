/** Most bytes of a proof. */
export const maxProofBytes: number = 16 << 20;
/** Most blocks of a proof, descriptor and header included. */
export const maxProofBlocks = 4096;
/** Most paths that one proof is of. */
export const maxProofPaths = 64;
