import { serveChecks } from "./serve-checks.ts";

/** The script of the signature pool's web workers. */
await serveChecks();
