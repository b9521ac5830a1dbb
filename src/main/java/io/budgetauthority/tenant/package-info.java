/// Who is asking and what applies to them: tenants, their policy and ceilings, principals and their
/// API keys, with the store that keeps them and the cache that a decision reads.
@NullMarked
package io.budgetauthority.tenant;

import org.jspecify.annotations.NullMarked;
