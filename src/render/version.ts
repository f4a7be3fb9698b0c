// The version of the library, where what is rendered has to carry one. A test compares it with the package's.

export const VERSION = '0.1.0';
