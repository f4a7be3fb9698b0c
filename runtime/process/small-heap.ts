// To be imported before everything else. The engine then weighs memory before speed: for a program whose work of a second
// takes milliseconds, and that keeps what it knows of a whole cluster.
import { setFlagsFromString } from 'node:v8';

setFlagsFromString('--optimize-for-size');
