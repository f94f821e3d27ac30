/** The start page: its figures follow what happens. */

import { keepFresh } from "./refresh.js";

keepFresh([]);
