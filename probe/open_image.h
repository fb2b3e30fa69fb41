/* SPDX-License-Identifier: MIT
 *
 * Opening an image as the options of a command want it, with a progress bar.
 */
#ifndef CP_OPEN_IMAGE_H
#define CP_OPEN_IMAGE_H

#include "image.h"
#include "options.h"

/* As cp_image_open. The bar bears the reference's path and is gone when this returns. */
int cp_open_image(const struct cp_options *options, const struct cp_image_ref *ref,
	struct cp_image **image, struct cp_error **err);

#endif
