// Why an image can't be built, in words that end with what to do.

/**
 * `builder_missing`: there is no program that builds images; `base_missing`: no image to build on, and none can be made
 * here; `part_missing`: something that belongs into an image is not on this machine; `build_failed`: the builder refused.
 */
export type ImageErrorCode = 'builder_missing' | 'base_missing' | 'part_missing' | 'build_failed';

export class ImageError extends Error {
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'ImageError';
    this.code = code;
  }
}
