/// Who asks and what applies to them: tenants, their policy and ceilings, principals and their API
/// keys, the store of all these and the cache that a decision reads.
@NullMarked
package io.budgetauthority.tenant;

import org.jspecify.annotations.NullMarked;
