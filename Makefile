# reg_replicate: the module, the stand-in core that loads it, and their tests.
#
#   make                      core, its modules and reg_replicate, below $(BUILD)
#   make OPENSIPS_SRC=/path   reg_replicate against a configured OpenSIPS tree: see Makefile.opensips
#   make unit|sim|hostile|sipp|cluster|failover|test-build    the parts of the test suite (scripts/check runs all)
#   make SANITIZE=address,undefined unit    instrumented, below $(BUILD)-address-undefined
#   make examples|fuzz|bench|soak    what scripts/check leaves out: doc/testing.md, doc/performance.md
#   make format|format-check  house style
#   make install|clean        PREFIX and DESTDIR as usual
#   make help                 this text

include Makefile.defs

.DELETE_ON_ERROR:
# Kept, though only pattern rules name them. (.SECONDARY would do that too, but a file of these that is not
# there yet would not be made where its source is older than what is linked from it.)
.PRECIOUS: $(BUILD)/gen/%.c $(BUILD)/gen/%.o $(BUILD)/tests/unit/%.o
.PHONY: all core modules opensips unit sim test-programs sipp cluster hostile bench bench-programs format format-check install clean help

# --- sources ------------------------------------------------------------------
CORE_SRC  := $(sort $(wildcard core-stubs/*.c core-stubs/mem/*.c core-stubs/parser/*.c \
	core-stubs/parser/contact/*.c core-stubs/parser/digest/*.c core-stubs/net/*.c core-stubs/mi/*.c core-stubs/evi/*.c \
	core-stubs/lib/*.c core-stubs/lib/reg/*.c core-stubs/cfg/*.c core-stubs/db/*.c))
CORE_MAIN := core-stubs/main.c
CORE_OBJ  := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(CORE_MAIN),$(CORE_SRC))) \
	$(BUILD)/gen/cfg.tab.o $(BUILD)/gen/lex.yy.o
STUB_MODS := $(notdir $(patsubst %/,%,$(dir $(wildcard core-stubs/modules/*/*.c))))
STUB_MODS := $(sort $(STUB_MODS))
REPL_SRC  := $(sort $(wildcard modules/reg_replicate/*.c modules/reg_replicate/engine/*.c))

CORE_LIBS := -ldl -lpthread -lm -lcjson -lcrypto
LIBS_httpd := -lmicrohttpd
LIBS_auth := -lcrypto
LIBS_tls_openssl := -lssl -lcrypto
LIBS_db_sqlite := -lsqlite3
LIBS_db_mysql := -lmariadb

all: core modules

core: $(BUILD)/opensips-stub
modules: $(STUB_MODS:%=$(BUILD)/modules/%.so) $(if $(REPL_SRC),$(BUILD)/modules/reg_replicate.so)

# --- the stand-in core --------------------------------------------------------
$(BUILD)/core-stubs/modules/db_mysql/%.o: CPPFLAGS += -isystem /usr/include/mariadb
$(BUILD)/core-stubs/modules/%.o: core-stubs/modules/%.c
	@mkdir -p $(@D)
	@echo "  CC	$@"
	$(Q)$(CC) $(CPPFLAGS) $(CORE_DEFS) -DMOD_NAME='$(notdir $(patsubst %/,%,$(dir $<)))' $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/core-stubs/%.o: core-stubs/%.c
	@mkdir -p $(@D)
	@echo "  CC	$@"
	$(Q)$(CC) $(CPPFLAGS) $(CORE_DEFS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/gen/cfg.tab.c: core-stubs/cfg.y
	@mkdir -p $(@D)
	@echo "  BISON	$@"
	$(Q)$(BISON) -Wall -Werror -d -o $@ $<
$(BUILD)/gen/lex.yy.c: core-stubs/cfg.lex $(BUILD)/gen/cfg.tab.c
	@mkdir -p $(@D)
	@echo "  FLEX	$@"
	$(Q)$(FLEX) -o $@ $<
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	@echo "  CC	$@"
	$(Q)$(CC) $(CPPFLAGS) $(CORE_DEFS) $(CFLAGS) -Wno-missing-prototypes -Icore-stubs -I$(BUILD)/gen -MMD -MP -c -o $@ $<

$(BUILD)/libcore.a: $(CORE_OBJ)
	rm -f $@ && ar rcs $@ $^
$(BUILD)/opensips-stub: $(BUILD)/core-stubs/main.o $(CORE_OBJ)
	@echo "  LD	$@"
	$(Q)$(CC) $(LDFLAGS) -Wl,-E -o $@ $^ $(CORE_LIBS)

# --- modules ------------------------------------------------------------------
define stub_module
$(BUILD)/modules/$(1).so: $(patsubst %.c,$(BUILD)/%.o,$(wildcard core-stubs/modules/$(1)/*.c))
	@mkdir -p $$(@D)
	@echo "  LD	$$@"
	$$(Q)$$(CC) $$(LDFLAGS) -shared -o $$@ $$^ $$(LIBS_$(1))
endef
$(foreach m,$(STUB_MODS),$(eval $(call stub_module,$(m))))

# The module says "../../x.h" as every OpenSIPS module does. One -I to any module
# directory of a core makes those names resolve there.
REPL_INC := -Icore-stubs/modules/usrloc -I$(BUILD)/gen
# OpenSIPS's API takes texts that it does not change as char *.
# LOCK_TIMES=1: the module tells how long locks are held (lock_times.h); for measuring
REPL_CFLAGS := -Wno-write-strings -isystem /usr/include/libxml2 $(if $(LOCK_TIMES),-DLOCK_TIMES)
REPL_LIBS   := -lcrypto -lxml2
$(BUILD)/gen/compat_probe.h: modules/reg_replicate/probe core-stubs/net/trans.h \
		core-stubs/modules/tm/tm_load.h core-stubs/modules/usrloc/usrloc.h
	@echo "  PROBE	$@"
	$(Q)$< $@ core-stubs/modules/usrloc $(CC) $(CPPFLAGS) $(CORE_DEFS) && touch $@
$(BUILD)/modules/reg_replicate/%.o: modules/reg_replicate/%.c | $(BUILD)/gen/compat_probe.h
	@mkdir -p $(@D)
	@echo "  CC	$@"
	$(Q)$(CC) $(CPPFLAGS) $(CORE_DEFS) -DMOD_NAME='reg_replicate' $(REPL_INC) $(CFLAGS) $(REPL_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/modules/reg_replicate.so: $(REPL_SRC:%.c=$(BUILD)/%.o)
	@mkdir -p $(@D)
	@echo "  LD	$@"
	$(Q)$(CC) $(LDFLAGS) -shared -o $@ $^ $(REPL_LIBS)

-include Makefile.tests

# --- real OpenSIPS ------------------------------------------------------------
ifneq ($(OPENSIPS_SRC),)
include Makefile.opensips
endif

# --- house keeping ------------------------------------------------------------
FORMATTED = $(shell git ls-files '*.c' '*.h')
format:
	$(Q)$(CLANG_FORMAT) -i $(FORMATTED)
format-check:
	$(Q)$(CLANG_FORMAT) --dry-run -Werror $(FORMATTED)
clean:
	rm -rf $(BUILD)
help:
	@sed -n '/^#   /s/^#   //p' Makefile

# The stand-in core with its modules, and the documents. Where OPENSIPS_SRC is given, only the
# module for OpenSIPS, to OPENSIPS_MODDIR.
ifeq ($(OPENSIPS_SRC),)
install: all
	install -d $(BINDIR) $(MODDIR) $(DOCDIR)
	install -m 755 $(BUILD)/opensips-stub $(BINDIR)/
	install -m 644 $(BUILD)/modules/*.so $(MODDIR)/
	install -m 644 README.md LICENSE doc/*.md $(DOCDIR)/
	install -m 644 modules/reg_replicate/README.md $(DOCDIR)/reg_replicate.md
else
install: opensips
	install -d $(DESTDIR)$(OPENSIPS_MODDIR)
	install -m 644 $(BUILD)/opensips/reg_replicate.so $(DESTDIR)$(OPENSIPS_MODDIR)/
endif

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
