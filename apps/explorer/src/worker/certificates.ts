// The script of the workers that verify certificates for large F3 snapshots.
import { serveClaims } from "@copse/f3/worker";

await serveClaims();
