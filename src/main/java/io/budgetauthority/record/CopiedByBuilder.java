package io.budgetauthority.record;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Marks a record with so many components that it is created and copied by name. The compiler
/// generates its builder, `<record>Builder`, which only the record's package can use.
@RecordBuilder.Template(
    options =
        @RecordBuilder.Options(
            builderClassModifiers = {},
            enableWither = false,
            inheritComponentAnnotations = false,
            enableGetters = false,
            addClassRetainedGenerated = true))
@Retention(RetentionPolicy.SOURCE)
@Target(ElementType.TYPE)
public @interface CopiedByBuilder {}
