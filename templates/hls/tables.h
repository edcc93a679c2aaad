// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// <{ model }>: weights and parameters.
#ifndef TABLES_H_
#define TABLES_H_

#include <ap_int.h>
<% for t in tables %>
static const <{ t.kind }> <{ t.name }>[<{ t.rows.len() }>]<{ t.inner }> = {
<%- for row in t.rows %>
    <{ row }>,
<%- endfor %>
};
<% endfor %>
#endif
