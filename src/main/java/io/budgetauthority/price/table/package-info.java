/// The price tables: their stored form, their versions in S3, the import of dropped files, and the
/// table in memory that a request reads.
@NullMarked
package io.budgetauthority.price.table;

import org.jspecify.annotations.NullMarked;
