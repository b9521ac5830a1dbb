/// What every request has: routes, rules before the resource, the caller and its role, headers,
/// pages of a list, and the problem that an exception becomes.
@NullMarked
package io.budgetauthority.api.http;

import org.jspecify.annotations.NullMarked;
