import { serveClaims } from "./serve-claims.ts";

/** The script of the pool's web workers. */
await serveClaims();
