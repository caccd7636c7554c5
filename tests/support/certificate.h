/* certificate.h - certificates and keys for tests, made on the spot.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#pragma once
#include "base/buf.h"

enum certificate_key { CERTIFICATE_P256, CERTIFICATE_RSA_2048, CERTIFICATE_RSA_1024 };

struct certificate_pem {
    struct buf certificate;
    struct buf key;
};

/* Self-signed for `name`, valid from and until so many days from now. */
void certificate_make(const char *name, enum certificate_key kind, int from_days, int until_days,
                      struct certificate_pem *out);
void certificate_drop(struct certificate_pem *pem);
