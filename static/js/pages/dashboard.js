/** The start page: its figures follow what happens. */

import { load, renewParts, whileSeen } from "./refresh.js";

whileSeen(async () => renewParts(await load(location.href)));
