/* posthog_body.h - gets at the JSON in a body of PostHog's libraries.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "collect/dialect.h"

/* The request's JSON, padded for json_parse: plain, or packed by gzip without a word of it, in
 * base64, or as `data` of a form, and these within each other. ERR_INVALID: it holds none;
 * ERR_LIMIT: too much, or no memory. */
fallible posthog_body_unwrap(struct dialect_out *out, str *out_json);
