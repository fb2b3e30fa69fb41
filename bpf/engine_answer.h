/* SPDX-License-Identifier: MIT
 *
 * What an engine's JSON says: of a container, in three forms (an element of /containers/json, the
 * answer of /containers/ID/json, an event), and where on the host the layers lie.
 *
 * Nothing is believed of its types: what is not as it should be counts as not said.
 */
#ifndef CP_ENGINE_ANSWER_H
#define CP_ENGINE_ANSWER_H

#include <jansson.h>

#include "event.h"

/* Each fills *container (zeroed, or filled before) but for the runtime, and returns true, where
 * the JSON is that of a container with an id. Memory that is short is as if it were not said. */
bool cp_answer_list(const json_t *element, struct cp_container *container);
bool cp_answer_inspect(const json_t *answer, struct cp_container *container);
bool cp_answer_event(const json_t *event, struct cp_container *container);

/* GraphDriver of a container or an image: calls `tell` for each directory of a layer. */
void cp_answer_layers(
	const json_t *answer, void (*tell)(void *context, const char *directory), void *context);

#endif
