/* SPDX-License-Identifier: MIT */
#include "event.h"

#include <stdlib.h>

const char *cp_event_kind_name(enum cp_event_kind kind)
{
	static const char *const names[CP_EVENT_KINDS] = {
		[CP_EVENT_DLOPEN_FAILED] = "dlopen_failed",
		[CP_EVENT_EXEC_FAILED] = "exec_failed",
		[CP_EVENT_START_FAILED] = "start_failed",
		[CP_EVENT_ADDON_LOADED] = "addon_loaded",
		[CP_EVENT_MODULE_NOT_FOUND] = "module_not_found",
		[CP_EVENT_CRASHED] = "crashed",
		[CP_EVENT_LOST] = "lost",
	};
	return names[kind];
}

const char *cp_event_cause_name(enum cp_event_cause cause)
{
	static const char *const names[CP_BECAUSE_COUNT] = {
		[CP_BECAUSE_MISSING_LOADER] = "missing_loader",
		[CP_BECAUSE_MISSING_LIBRARY] = "missing_library",
		[CP_BECAUSE_MISSING_SYMBOL] = "missing_symbol",
		[CP_BECAUSE_SYMBOL_VERSION] = "symbol_version",
		[CP_BECAUSE_WRONG_LIBC] = "wrong_libc",
		[CP_BECAUSE_STATIC_TLS] = "static_tls",
		[CP_BECAUSE_EXECUTABLE_STACK] = "executable_stack",
		[CP_BECAUSE_WRONG_ARCHITECTURE] = "wrong_architecture",
		[CP_BECAUSE_NOT_ELF] = "not_elf",
		[CP_BECAUSE_NODE_ABI] = "node_abi",
		[CP_BECAUSE_NODE_API_VERSION] = "node_api_version",
		[CP_BECAUSE_MISSING_INTERPRETER] = "missing_interpreter",
		[CP_BECAUSE_MISSING_FILE] = "missing_file",
		[CP_BECAUSE_EXEC_FORMAT] = "exec_format",
		[CP_BECAUSE_PERMISSION] = "permission",
		[CP_BECAUSE_MODULE_NOT_FOUND] = "module_not_found",
		[CP_BECAUSE_CRASHED] = "crashed",
	};
	return names[cause];
}

const char *cp_event_libc_name(enum cp_event_libc libc)
{
	return libc == CP_EVENT_LIBC_GLIBC ? "glibc" : libc == CP_EVENT_LIBC_MUSL ? "musl" : NULL;
}

const char *cp_event_source_name(enum cp_event_source source)
{
	switch (source) {
	case CP_SOURCE_LOADER:
		return "loader";
	case CP_SOURCE_STDERR:
		return "stderr";
	case CP_SOURCE_INFERRED:
		return "inferred";
	case CP_SOURCE_NONE:
		break;
	}
	return NULL;
}

void cp_container_clear(struct cp_container *container)
{
	free(container->id);
	free(container->name);
	free(container->image);
	free(container->runtime);
	free(container->project);
	free(container->service);
	*container = (struct cp_container){0};
}

void cp_event_clear(struct cp_event *event)
{
	free(event->object);
	free(event->needed_by);
	free(event->message);
	free(event->exe);
	cp_container_clear(&event->container);
	for (size_t i = 0; i < event->n_addons; i++)
		free(event->addons[i]);
	free(event->addons);
	*event = (struct cp_event){0};
}
