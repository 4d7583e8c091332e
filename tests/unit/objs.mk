TEST_OBJS_tm = $(call mod_objs,tm)

# The engine is pure: its tests need no core.
TEST_OBJS_engine        = $(ENGINE_OBJ)
TEST_OBJS_engine_parts  = $(ENGINE_OBJ)
TEST_OBJS_engine_random = $(ENGINE_OBJ)
TEST_OBJS_engine_wait   = $(ENGINE_OBJ)
TEST_OBJS_wire          = $(ENGINE_OBJ)
TEST_OBJS_digest        = $(ENGINE_OBJ)
TEST_OBJS_restore       = $(ENGINE_OBJ)
TEST_CORE_restore       = none
TEST_CORE_digest        = none
TEST_CORE_engine        = none
TEST_CORE_engine_parts  = none
TEST_CORE_engine_random = none
TEST_CORE_engine_wait   = none
TEST_CORE_wire          = none

# The glue's pure part: a binding as usrloc has it and as header fields.
TEST_OBJS_payload = $(patsubst %,$(BUILD)/modules/reg_replicate/%.o,payload params auth peer_line)
TEST_OBJS_reginfo = $(ENGINE_OBJ) $(patsubst %,$(BUILD)/modules/reg_replicate/%.o,payload params auth peer_line \
	reginfo_read reginfo_write)
TEST_CFLAGS_test_reginfo = -isystem /usr/include/libxml2
TEST_LIBS_reginfo = -lxml2
# Without the modules' frames: each would define `exports`.
USRLOC_OBJS    = $(filter-out %/ul_mod.o,$(call mod_objs,usrloc))
REGISTRAR_OBJS = $(filter-out %/reg_mod.o,$(call mod_objs,registrar))
TEST_OBJS_usrloc    = $(USRLOC_OBJS)
TEST_OBJS_registrar = $(USRLOC_OBJS) $(REGISTRAR_OBJS)
TEST_OBJS_stamp   = $(BUILD)/modules/reg_replicate/stamp.o
TEST_OBJS_tag     = $(BUILD)/modules/reg_replicate/tag.o
TEST_OBJS_params  = $(patsubst %,$(BUILD)/modules/reg_replicate/%.o,params auth peer_line)
TEST_OBJS_peers   = $(ENGINE_OBJ) $(patsubst %,$(BUILD)/modules/reg_replicate/%.o,peers peer_line params auth state shm_room)
# It includes the source.
TEST_CORE_auth    = none
TEST_OBJS_db      = $(BUILD)/core-stubs/modules/db_sqlite/dbase.o
TEST_LIBS_db      = -lsqlite3
TEST_OBJS_db_mysql = $(BUILD)/core-stubs/modules/db_mysql/dbase.o
TEST_LIBS_db_mysql = -lmariadb
TEST_OBJS_usrloc_sql = $(USRLOC_OBJS) $(BUILD)/core-stubs/modules/db_sqlite/dbase.o
TEST_LIBS_usrloc_sql = -lsqlite3
TEST_OBJS_nathelper = $(USRLOC_OBJS) $(filter-out %/nathelper.o,$(call mod_objs,nathelper))
TEST_OBJS_rr = $(filter-out %/rr.o,$(call mod_objs,rr)) $(call mod_objs,maxfwd)
TEST_OBJS_digest_auth = $(filter-out %/auth_mod.o,$(call mod_objs,auth))
TEST_OBJS_rows = $(USRLOC_OBJS) $(BUILD)/core-stubs/modules/db_sqlite/dbase.o \
	$(patsubst %,$(BUILD)/modules/reg_replicate/%.o,rows sql params auth peer_line)
TEST_LIBS_rows = -lsqlite3
# Without the modules' frames.
TEST_OBJS_tls = $(patsubst %,$(BUILD)/core-stubs/modules/%.o,tls_mgm/tls_domains tls_openssl/tls_session proto_tls/tls_stream)
TEST_LIBS_tls = -lssl
