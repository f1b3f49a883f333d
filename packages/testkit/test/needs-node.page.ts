import { readFileSync } from "node:fs";

export default (): string => readFileSync("/etc/hostname", "utf8");
