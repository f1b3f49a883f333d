// The subpath `@copse/crypto/groups`: points and hashes that schemes of other packages are made of.
export { blake2xs } from "./blake2xs.ts";
export { g2Tag, readG1, readG2 } from "./bls-points.ts";
