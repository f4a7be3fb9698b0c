// To be imported before everything else. The engine then weighs memory before speed: what a distributor does in a second
// takes milliseconds, and what it keeps is kept for every proxy of the cluster.
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--optimize-for-size');
