/// Problems (RFC 9457): their codes, statuses and members.
@NullMarked
package io.budgetauthority.api.problem;

import org.jspecify.annotations.NullMarked;
