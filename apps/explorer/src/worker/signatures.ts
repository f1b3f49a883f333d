// The script of the workers that check signatures for large chains.
import { serveChecks } from "@copse/crypto/worker";

await serveChecks();
